import { draw, type Drawn, leaf, printable } from './drawing.ts';
import {
  type Explanation,
  type NodeExplanation,
  type RouteExplanation,
  type RuleExplanation,
} from './explain.ts';

/** How an explanation is drawn. */
export interface ExplanationStyle {
  /** Marks a word with what it means, for colours; by default nothing is added. */
  readonly paint?: (text: string, meaning: 'good' | 'bad' | 'faint') => string;
}

type Paint = NonNullable<ExplanationStyle['paint']>;

/** Draws an explanation as a tree for a terminal, with the receivers at the end. */
export function formatExplanation(explanation: Explanation, style: ExplanationStyle = {}): string {
  const paint = style.paint ?? ((text: string): string => text);
  const { namespace, object, type, reason, occurrence } = explanation.event;
  const place = namespace === '' ? '' : ` in ${namespace}`;
  const kind = [type, reason].filter((text) => text !== '').join(' ');
  const head = printable(`${kind} of ${object}${place}, occurrence ${occurrence}`.trim());
  const routes = explanation.routes.flatMap((route) => ['', ...draw(drawRoute(route, paint))]);
  return [head, ...routes, '', ...drawReceivers(explanation, paint)].join('\n');
}

function drawReceivers({ routes, deliveries }: Explanation, paint: Paint): string[] {
  if (routes.length === 0) return [paint('There are no routes', 'bad')];
  if (deliveries.length === 0) return [paint('No receiver is reached', 'bad')];
  const names = deliveries.map(({ receiver, send }) =>
    send ? paint(receiver, 'good') : `${receiver} ${paint('(shadow: nothing is sent)', 'faint')}`,
  );
  return [`Receivers reached: ${names.join(', ')}`];
}

function drawRoute(route: RouteExplanation, paint: Paint): Drawn {
  const mode = route.mode === 'Deliver' ? '' : ` (${route.mode})`;
  const head = `${route.route}${mode}`;
  if (route.root === undefined) {
    return { text: head, below: [leaf(paint(`not asked: ${route.whyNotConsulted ?? ''}`, 'faint'))] };
  }
  return { text: head, below: drawNode(route.root, paint).below };
}

function drawNode(node: NodeExplanation, paint: Paint): Drawn {
  const title = node.name === undefined ? node.path : `${node.path} ${JSON.stringify(node.name)}`;
  // What was not visited is one line: its rules were not asked, so they explain nothing.
  if (node.outcome === 'skipped') return leaf(paint(`· ${title} not visited: ${node.why ?? ''}`, 'faint'));
  const rules = [...node.drop, ...node.match].map((rule) => leaf(drawRule(rule, paint)));
  const below = [
    ...rules,
    ...(node.outcome === 'dropped' ? [] : node.routes.map((child) => drawNode(child, paint))),
  ];
  return { text: title, below: below.length > 0 ? below : [leaf(paint('no rules', 'faint'))] };
}

function drawRule(rule: RuleExplanation, paint: Paint): string {
  const isDrop = /\.drop\[\d+\]$/.test(rule.path);
  const target = rule.receiver === undefined ? '' : ` → ${rule.receiver}`;
  if (rule.verdict === 'skipped') return paint(`· ${rule.path}${target} not asked`, 'faint');
  if (rule.verdict === 'unmatched') {
    return `${paint('✗', isDrop ? 'faint' : 'bad')} ${rule.path}${target}: ${printable(rule.why ?? '')}`;
  }
  if (isDrop) return `${paint('✓', 'bad')} ${rule.path} matched: ${paint('dropped', 'bad')}`;
  const throttle = rule.throttledBy === undefined ? '' : `, throttled by ${printable(rule.throttledBy)}`;
  return `${paint('✓', 'good')} ${rule.path} matched${paint(target, 'good')}${throttle}`;
}
