import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { contractModel, valuesOf } from '../../../config/contract/model';
import { withReferenceParts } from '../../../config/contract/reference';
import { EVENT_TYPES } from '../../../models/domain/event';
import { packageRoot } from '../../../models/support/package-root';

const path = join(packageRoot, 'models/contract/README.md');
const page = readFileSync(path, 'utf8');

describe('the reference page of the events', () => {
  it.each(EVENT_TYPES)('has a chapter about %s with every field and value', (type) => {
    const chapter = page.split(/^##+ /m).find((text) => text.startsWith(`${type}\n`))!;
    const { fields } = contractModel().types.find((one) => one.type === type)!;
    for (const { name, schema } of fields) {
      expect(chapter).toContain(`| \`${name}\` |`);
      for (const value of valuesOf(schema)?.values ?? []) expect(chapter).toContain(`\`${value}\``);
    }
  });

  it.each(['camera.offline', 'camera.degraded'])('says what each cause of %s means', (type) => {
    const chapter = page.split(/^## /m).find((text) => text.startsWith(`Causes of \`${type}\``))!;
    const { fields } = contractModel().types.find((one) => one.type === type)!;
    const causes = valuesOf(fields.find(({ name }) => name === 'cause')!.schema)!.values;
    const told = [...chapter.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell]) => [
      ...cell!.matchAll(/`(\w+)`/g),
    ]);
    expect(told.map(([, cause]) => cause).sort()).toEqual([...causes].sort());
  });

  it('links only to what is there', () => {
    const links = [...page.matchAll(/\]\(([\w./-]+)\)/g)].map(([, link]) => link!);
    expect(links.length).toBeGreaterThan(3);
    for (const link of links) expect([link, existsSync(join(dirname(path), link))]).toEqual([link, true]);
  });

  it('has a place for every generated part', () => {
    expect(() => withReferenceParts(page.replace('<!-- end: keys -->', ''))).toThrow(
      'reference page: expected <!-- generated: keys --> and <!-- end: keys -->',
    );
  });
});
