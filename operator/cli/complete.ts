import type { Command } from 'commander';

import { formatCandidates, listCandidates } from './candidates.ts';

/** Writes what may stand in place of the last of some words, as shells ask for it; the names of receivers come from the cluster. */
export async function completeWords(program: Command, words: readonly string[]): Promise<string> {
  const found = listCandidates(program, words);
  if (found.isReceiver !== true) return formatCandidates(found);
  const { listReceiverCandidates } = await import('./receiver-candidates.ts');
  return formatCandidates({ ...found, words: [...found.words, ...(await listReceiverCandidates(words))] });
}
