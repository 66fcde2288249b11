import base from './jest.config.js';

/** The tests that run clients written in Go, and so need a Go toolchain. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/e2e/real-clients.test.ts', '<rootDir>/test/clients/*.test.ts'],
  testPathIgnorePatterns: [],
};
