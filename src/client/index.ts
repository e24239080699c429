/**
 * An engine that another process owns, over its socket.
 *
 * @packageDocumentation
 */
export * from '../errors.ts'
export * from '../types.ts'
export { type Client, type ClientCreateOptions, connectOwner } from './client.ts'
export { type ConnectOptions, connectEngine } from './engine/engine.ts'
export type { RemoteContainer, RemoteEngine, RemoteEvents } from './engine/types.ts'
export * from './errors.ts'
