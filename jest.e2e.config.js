import unit from './jest.config.js';

// Tests against a real API server (test/e2e) and the image (test/image): one at a time, since each wants the machine.
/** @type {import('jest').Config} */
export default {
  ...unit,
  roots: ['<rootDir>/test/e2e', '<rootDir>/test/image'],
  testPathIgnorePatterns: ['/node_modules/'],
  globalSetup: '<rootDir>/test/e2e/prepare.ts',
  globalTeardown: '<rootDir>/test/e2e/clean-up.ts',
  maxWorkers: 1,
  testTimeout: 60_000,
};
