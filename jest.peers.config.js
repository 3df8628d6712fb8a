import unit from './jest.config.js';

// Sinks against real servers, which the tests fetch into a cache by themselves. Files named `*.slow.test.ts` need servers
// that take long to build: they run with `npm run test:peers -- --all` alone.
const slow = process.argv.includes('--all') ? [] : ['\\.slow\\.test\\.ts$'];

/** @type {import('jest').Config} */
export default {
  ...unit,
  roots: ['<rootDir>/test/peers'],
  testPathIgnorePatterns: ['/node_modules/', ...slow],
  setupFilesAfterEnv: ['<rootDir>/test/retry.ts'],
  maxWorkers: 3,
  testTimeout: 120_000,
};
