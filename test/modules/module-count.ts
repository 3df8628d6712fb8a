/**
 * `node --import` this: at the end of the process it prints, as one line of JSON, how many files of each package were
 * loaded. ES modules and CommonJS ones count alike.
 */
import { registerHooks } from 'node:module';

const files = new Map<string, number>();

registerHooks({
  load(url, context, nextLoad) {
    const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
    if (name !== undefined) files.set(name, (files.get(name) ?? 0) + 1);
    return nextLoad(url, context);
  },
});

process.once('exit', () => console.log(JSON.stringify(loadedFiles())));

/** The number of files that were loaded until now, by package. */
export function loadedFiles(): Readonly<Record<string, number>> {
  return Object.fromEntries(files);
}
