/** The nodes of a cluster in the order in which a request tries them. */
export interface NodeRing {
  /** Every node once: those that work first, each request beginning at the next one. */
  order(): readonly URL[];
  fail(node: URL): void;
  recover(node: URL): void;
}

/** How long a node that failed is tried last, in milliseconds. */
const pauseMs = 30_000;

/** Creates the ring of a cluster's nodes. */
export function createNodeRing(nodes: readonly URL[], now: () => number = Date.now): NodeRing {
  const failedUntilMs = new Map<string, number>();
  let turn = -1;
  const isPaused = (node: URL): boolean => (failedUntilMs.get(node.href) ?? 0) > now();
  return {
    order: () => {
      turn = (turn + 1) % nodes.length;
      const turned = [...nodes.slice(turn), ...nodes.slice(0, turn)];
      return [...turned.filter((node) => !isPaused(node)), ...turned.filter(isPaused)];
    },
    fail: (node) => void failedUntilMs.set(node.href, now() + pauseMs),
    recover: (node) => void failedUntilMs.delete(node.href),
  };
}
