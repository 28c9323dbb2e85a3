// As lib/native/addon.ts does; what that sets does not leave jest's sandbox.
process.env.OMP_WAIT_POLICY ??= 'PASSIVE'

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: {
    '\\.(ts|mjs)$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'commonjs' } },
    ],
  },
  moduleFileExtensions: ['ts', 'js', 'mjs', 'json', 'node'],
  // What the package caches goes to a temporary folder, not to the user's.
  globalSetup: '<rootDir>/test/support/global-setup.cjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.cjs',
  // Every worker would load LibTorch and compute on all cores: one after the other is faster.
  maxWorkers: 1,
  testTimeout: 60_000,
}
