import { rm } from 'node:fs/promises';

/** Removes what prepare.ts left beside the cache. */
export default async function cleanUp(): Promise<void> {
  const copy = process.env.EVENTROUTE_E2E_DIST;
  if (copy !== undefined) await rm(copy, { recursive: true, force: true });
}
