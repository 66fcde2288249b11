const toCommonJs = ['@swc/jest', { jsc: { target: 'es2023' }, module: { type: 'commonjs' } }];

/** The MongoDB driver loads `os` with import(), which Jest's sandbox does not support, and cannot connect without it. */
const driverFile = 'mongodb/lib/runtime_adapters\\.js$';

/** @type {import('jest').Config} */
module.exports = {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // They take minutes, or need Go and downloaded tools: see test:faults, test:clients and test:deploy in package.json.
  testPathIgnorePatterns: [
    '/node_modules/',
    '/(real-clients|readme-quickstart)\\.test\\.ts$',
    '/test/faults/',
    '/test/clients/',
    '/test/deploy/',
  ],
  transform: { '\\.ts$': toCommonJs, [driverFile]: toCommonJs },
  transformIgnorePatterns: [`/node_modules/(?!(?:.*/)?${driverFile})`],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  maxWorkers: 2,
  testTimeout: 30_000,
};
