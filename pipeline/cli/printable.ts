/** A server, a file or another program chose some of the words: a terminal must not obey them, nor a line be broken. */
export const printable = (text: string): string => text.replace(/\p{Cc}/gu, ' ');

/** As `printable`, of a text that has lines of its own. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');
