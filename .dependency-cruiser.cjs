// The import table of the rooms of operator/ (docs/architecture.md shows the same table; a test compares both).
const rooms = {
  schema: [],
  telemetry: [],
  event: ['schema'],
  kube: ['schema', 'telemetry'],
  source: ['schema', 'event', 'kube', 'telemetry'],
  template: ['schema'],
  routing: ['schema', 'event'],
  'sink-kit': ['schema', 'event', 'template'],
  delivery: ['schema', 'event', 'sink-kit', 'telemetry'],
  sinks: ['sink-kit'],
  status: ['schema'],
  api: ['schema', 'routing', 'sinks', 'delivery', 'status', 'sink-kit'],
  control: [
    'schema',
    'telemetry',
    'event',
    'kube',
    'template',
    'routing',
    'delivery',
    'sink-kit',
    'sinks',
    'status',
    'api',
  ],
};

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
    ...Object.entries(rooms).map(([room, others]) => allow(room, others)),
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
