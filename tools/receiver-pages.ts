import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type GeneratedFile, receiverBlocks, type ReceiverBlocks } from '../operator/api/reference.ts';
import { sinkNames } from '../operator/sinks/registry.ts';

/** Where the pages are. */
export const receiverPagesFolder = 'docs/receivers';

const root = join(import.meta.dirname, '..');
const blockNames = ['summary', 'example', 'fields'] as const satisfies readonly (keyof ReceiverBlocks)[];

/** Makes the page of each receiver: what was written by hand stays, the blocks between the marks are filled anew. */
export async function makeReceiverPages(): Promise<GeneratedFile[]> {
  return Promise.all(
    sinkNames.map(async (name) => {
      const path = `${receiverPagesFolder}/${name}.md`;
      const written = await readFile(join(root, path), 'utf8').catch(() => newPage(name));
      return { path, text: fill(written, await receiverBlocks(name), path) };
    }),
  );
}

function newPage(name: string): string {
  const [summary, example, fields] = blockNames.map((block) => `${begin(block)}\n${end}`);
  return `# ${name}\n\n${summary}\n\n## Example\n\n${example}\n\n## Fields\n\n${fields}\n`;
}

function fill(page: string, blocks: ReceiverBlocks, path: string): string {
  return blockNames.reduce((text, block) => {
    const from = text.indexOf(begin(block));
    // the first sentence of a page may be its writer's own
    if (from < 0 && block === 'summary') return text;
    const to = text.indexOf(end, from);
    if (from < 0 || to < 0) throw new Error(`${path} needs a block from ${begin(block)} to ${end}`);
    return `${text.slice(0, from)}${begin(block)}\n\n${blocks[block]}\n\n${text.slice(to)}`;
  }, page);
}

const begin = (block: string): string => `<!-- generated: ${block} -->`;
const end = '<!-- /generated -->';
