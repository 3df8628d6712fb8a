// The import table of the rooms of operator/ is the one in docs/architecture.md.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const page = readFileSync(join(__dirname, 'docs/architecture.md'), 'utf8');
const table = page.matchAll(/^\| `([\w-]+)\/` *\|[^|]*\| ([^|]*?) *\|$/gm);
const rooms = [...table]
  .map(([, room, others]) => [room, others === 'nothing' ? [] : others.split(', ')])
  .filter(([, others]) => others[0] !== 'everything');
if (rooms.length < 10) throw new Error('docs/architecture.md has no table of rooms any more');

const allow = (room, others) => ({
  name: `room-${room}`,
  comment: `operator/${room}/ may import ${others.length ? others.join(', ') : 'no other room'}`,
  severity: 'error',
  from: { path: `^operator/${room}/` },
  to: { path: '^operator/', pathNot: `^operator/(${[room, ...others].join('|')})/` },
});

const ownedBy = (packages, room) => ({
  name: `only-${room}-knows-${packages[0].replace(/[^a-z0-9]+/g, '-')}`,
  comment: `${packages.join(', ')}: imported by operator/${room}/ alone`,
  severity: 'error',
  from: { path: '^operator/', pathNot: `^operator/${room}/` },
  to: { path: `node_modules/(${packages.join('|')})/` },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...rooms.map(([room, others]) => allow(room, others)),
    ownedBy(['@kubernetes/client-node', '@dot-i/k8s-operator'], 'kube'),
    ownedBy(['winston', 'prom-client'], 'telemetry'),
    ownedBy(['eta'], 'template'),
    {
      name: 'sink-kit-has-one-door',
      comment: 'sinks use what operator/sink-kit/index.ts offers',
      severity: 'error',
      from: { path: '^operator/sinks/' },
      to: { path: '^operator/sink-kit/', pathNot: '^operator/sink-kit/index\\.ts$' },
    },
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-test-code-in-operator',
      severity: 'error',
      from: { path: '^operator/' },
      to: { path: '^(test|bench|tools)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types'] },
  },
};
