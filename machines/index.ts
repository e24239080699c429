export { containerMachine, OUTLIVED_KILL } from './container.ts'
export * from './container-types.ts'
export { EXEC_OUTLIVED_KILL, execMachine } from './exec.ts'
export * from './exec-types.ts'
