import unit from './jest.config.js';

// Tests against a real API server, one file at a time: each has a cluster of its own.
/** @type {import('jest').Config} */
export default {
  ...unit,
  roots: ['<rootDir>/test/e2e'],
  testPathIgnorePatterns: ['/node_modules/'],
  globalSetup: '<rootDir>/test/e2e/prepare.ts',
  globalTeardown: '<rootDir>/test/e2e/clean-up.ts',
  setupFilesAfterEnv: ['<rootDir>/test/retry.ts'],
  maxWorkers: 1,
  testTimeout: 60_000,
};
