#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { compileCacheDirectory } from './compile-cache.ts'

enableCompileCache(compileCacheDirectory())
const { runCli } = await import('./program.ts')
// Not left to the event loop: a connection to the owner may be kept for a call that never comes.
process.exit(await runCli(process.argv))
