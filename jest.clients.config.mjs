import base from './jest.config.js';

/** The tests that run others' clients, in Go and Python, and so need their tools. */
export default {
  ...base,
  testMatch: [
    '<rootDir>/test/e2e/real-clients.test.ts',
    '<rootDir>/test/e2e/readme-quickstart.test.ts',
    '<rootDir>/test/clients/*.test.ts',
  ],
  testPathIgnorePatterns: [],
};
