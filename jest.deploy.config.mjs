import base from './jest.config.js';

/** The tests of the image and the manifests. They download tools from PyPI and the Go module proxy, and take minutes. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/deploy/*.test.ts'],
  testPathIgnorePatterns: [],
};
