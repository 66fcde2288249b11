import base from './jest.config.js';

/** The tests with third-party clients, which need Go and Python. */
export default {
  ...base,
  testMatch: [
    '<rootDir>/test/e2e/real-clients.test.ts',
    '<rootDir>/test/e2e/readme-quickstart.test.ts',
    '<rootDir>/test/clients/*.test.ts',
  ],
  testPathIgnorePatterns: [],
};
