// Unit tests run on CommonJS output of swc: jest's own ES modules still need an experimental flag and are slower.
const esmOnly = [
  '@kubernetes/client-node',
  '@marcbachmann/cel-js',
  'agent-base',
  'commander',
  'eta',
  'jose',
  'js-yaml',
  'jsonpath-plus',
  'oauth4webapi',
  'openid-client',
  're2js',
  'selfsigned',
  'socks-proxy-agent',
].join('|');

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  // tests that start processes are slow where other work runs beside them
  testTimeout: 60_000,
  roots: ['<rootDir>/test'],
  testPathIgnorePatterns: [
    '/node_modules/',
    '<rootDir>/test/e2e/',
    '<rootDir>/test/image/',
    '<rootDir>/test/peers/',
  ],
  transform: {
    '^.+\\.[cm]?[jt]sx?$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'commonjs' } },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly})/)`],
};
