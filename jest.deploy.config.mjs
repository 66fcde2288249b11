import base from './jest.config.js';

/** The tests of the image and the manifests: they take tools from PyPI and Go's modules, and minutes. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/deploy/*.test.ts'],
  testPathIgnorePatterns: [],
};
