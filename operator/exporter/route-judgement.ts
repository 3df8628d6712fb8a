import { compileRoute } from '../routing/compile-route.ts';
import { type RouteSpec } from '../routing/route-fields.ts';
import { type Problem } from '../schema/problem.ts';
import { ExporterConfigError, type Findings, type Place } from './finding.ts';
import { nearestLine } from './nearest-line.ts';
import { type ReadRoute } from './route.ts';
import { routeName } from './route-name.ts';

/** What a made route is judged with. */
export interface RouteJudging {
  readonly namespace: string;
  readonly file: string;
  readonly route: ReadRoute;
  /** The route stands one level below the root. */
  readonly isWrapped: boolean;
}

/** Judges the made route as the operator would, and tells what is valid but hardly meant. */
export function judgeRoute(
  spec: RouteSpec,
  { namespace, file, route, isWrapped }: RouteJudging,
  findings: Findings,
): void {
  const { problems, notes } = compileRoute({ namespace, name: routeName, clusterWide: true, spec });
  const place = ({ path }: Problem): Place => {
    const inside = path.replace(/^spec\.?/, '').replace(isWrapped ? /^routes\[0\]\.?/ : /^/, '');
    const line = nearestLine(route.lines, inside);
    return { path: inside === '' ? 'route' : `route.${inside}`, ...(line !== undefined && { line }) };
  };
  for (const problem of problems) findings.add('error', place(problem), problem.message);
  if (problems.length > 0) {
    throw new ExporterConfigError(
      findings.all.filter(({ severity, path }) => severity === 'error' && path.startsWith('route')),
      file,
    );
  }
  // how patterns are read was told in the exporter's words
  for (const note of notes) {
    if (!note.message.startsWith('is no RE2 pattern')) findings.add('advice', place(note), note.message);
  }
}
