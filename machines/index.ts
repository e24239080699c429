export { containerMachine, OUTLIVED_KILL } from './container.ts'
export * from './container-types.ts'
