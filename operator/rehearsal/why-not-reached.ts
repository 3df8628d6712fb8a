import { type Explanation, type NodeExplanation } from '../routing/explain.ts';

const maxTold = 6;

/** Says of every rule that names a receiver why it did not send, for the first events; each reason once. */
export function whyNotReached(receiver: string, explanations: readonly Explanation[]): string[] {
  const reasons = new Set(explanations.flatMap((explanation) => reasonsOf(explanation, receiver)));
  if (reasons.size === 0) return [`no rule of these routes names ${receiver}`];
  const told = [...reasons].slice(0, maxTold);
  const rest = reasons.size - told.length;
  return rest > 0 ? [...told, `and ${rest} more reasons: see eventroute explain`] : told;
}

function reasonsOf({ routes }: Explanation, receiver: string): string[] {
  return routes.flatMap(({ route, mode, whyNotConsulted, root }) => {
    if (whyNotConsulted !== undefined) return [`${route} was not asked: ${whyNotConsulted}`];
    const found = root === undefined ? [] : reasonsIn(root, receiver);
    const told =
      mode === 'Shadow' && found.includes(matched) ? ['its mode is Shadow, so it sends nothing'] : found;
    return told.map((reason) => `${route}: ${reason}`);
  });
}

const matched = 'matched';

function reasonsIn(node: NodeExplanation, receiver: string): string[] {
  const own = node.match.filter((rule) => rule.receiver === receiver);
  const reasons = own.map(({ path, verdict, why }) => {
    if (verdict === 'matched') return matched;
    return verdict === 'unmatched' ? `${path}: ${why ?? ''}` : `${path} was not asked: ${node.why ?? ''}`;
  });
  return [...reasons, ...node.routes.flatMap((child) => reasonsIn(child, receiver))];
}
