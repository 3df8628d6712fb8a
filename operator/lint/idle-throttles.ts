import { readReceiver, refKey } from '../routing/receiver-ref.ts';
import { type RouteNode, type RouteSpec, type Rule } from '../routing/route-fields.ts';
import { joinPath } from '../schema/problem.ts';
import { conditionsOf, isImplied } from './condition.ts';
import { type Remark } from './finding.ts';

/** A rule that sends to a receiver. */
interface Sender {
  readonly path: string;
  readonly rule: Rule;
  /** `namespace/name`. */
  readonly receiver: string;
}

/** Finds throttles without effect, because another rule sends all of their Events to the same receiver at once. */
export function findIdleThrottles(spec: RouteSpec, namespace: string): Remark[] {
  return judgeNode({ node: spec, path: 'spec', namespace, above: [] });
}

function judgeNode({
  node,
  path,
  namespace,
  above,
}: {
  readonly node: RouteNode;
  readonly path: string;
  readonly namespace: string;
  /** Rules that have sent every Event that gets here, at once. */
  readonly above: readonly Sender[];
}): Remark[] {
  const senders = sendersOf(node, path, namespace);
  const unthrottled = senders.filter(({ rule }) => rule.throttle === undefined);
  const own = senders.filter(({ rule }) => rule.throttle !== undefined);
  const remarks = own.flatMap((sender) => {
    const isSame = ({ receiver }: Sender): boolean => receiver === sender.receiver;
    const other = above.find(isSame) ?? unthrottled.find((one) => isSame(one) && isMetBy(one, sender));
    return other === undefined ? [] : [toRemark(sender, other)];
  });
  const children = (node.routes ?? []).flatMap((child, index) =>
    judgeNode({
      ...{ node: child, namespace },
      path: joinPath(joinPath(path, 'routes'), index),
      above: [...above, ...unthrottled],
    }),
  );
  return [...remarks, ...children];
}

function sendersOf({ match = [] }: RouteNode, path: string, namespace: string): Sender[] {
  return match.flatMap((rule, index) => {
    const ref = readReceiver(rule.receiver ?? '', namespace);
    return ref === undefined
      ? []
      : [{ path: joinPath(joinPath(path, 'match'), index), rule, receiver: refKey(ref) }];
  });
}

/** Whether a rule matches all that another one does, as far as that can be shown. */
function isMetBy(wanted: Sender, known: Sender): boolean {
  const conditions = conditionsOf(known.rule, known.path);
  return conditionsOf(wanted.rule, wanted.path).every((condition) => isImplied(condition, conditions));
}

function toRemark({ path, receiver }: Sender, other: Sender): Remark {
  return {
    rule: 'LikelyMistake',
    severity: 'warning',
    path: joinPath(path, 'throttle'),
    message: `has no effect: ${other.path} sends the same Events to ${receiver} at once`,
  };
}
