import base from './jest.config.js';

/** The tests that kill, freeze and damage what the service depends on. They wait for timeouts, and take minutes. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/faults/*.test.ts'],
  testPathIgnorePatterns: [],
};
