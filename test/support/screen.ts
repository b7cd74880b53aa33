// Apart from its pattern, in which linters take a control character for a mistake.
const ESCAPE = '\x1b';
const TOKEN = new RegExp(`${ESCAPE}\\[([?\\d;]*)([A-Za-z])|[^]`, 'g');

/**
 * What a terminal shows after this output: its lines without trailing spaces, empty ones at the end left out. Knows the
 * sequences that progress bars use (cursor up, to column, erase, modes) and throws at others.
 */
export function renderScreen(output: string): readonly string[] {
  const lines: string[] = [''];
  let row = 0;
  let column = 0;

  function put(character: string): void {
    const line = lines[row]!.padEnd(column);
    lines[row] = line.slice(0, column) + character + line.slice(column + 1);
    column++;
  }

  function erase(kind: string, mode: string): void {
    const line = lines[row]!;
    if (mode === '2') lines[row] = '';
    else if (mode === '1') lines[row] = ' '.repeat(column) + line.slice(column);
    else lines[row] = line.slice(0, column);
    if (kind === 'J') lines.length = row + 1;
  }

  for (const [token, parameter = '', command = ''] of output.matchAll(TOKEN)) {
    if (token === '\n') {
      row++;
      lines[row] ??= '';
    } else if (token === '\r') column = 0;
    else if (command === '') put(token);
    else if (command === 'A') row = Math.max(0, row - Number(parameter || 1));
    else if (command === 'G') column = Number(parameter || 1) - 1;
    else if (command === 'K' || command === 'J') erase(command, parameter || '0');
    // Colours are no part of the text.
    else if (command !== 'h' && command !== 'l' && command !== 'm')
      throw new Error(`renderScreen: unknown ${JSON.stringify(token)}`);
  }
  while (lines.at(-1)?.trim() === '') lines.pop();
  return lines.map((line) => line.trimEnd());
}
