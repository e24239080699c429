import { quote } from '../../effects/quote.ts'
import { InvalidInputError } from '../errors.ts'
import type { CreateOptions } from '../types.ts'
import { CPU_PERIOD } from './defaults.ts'
import { validateLabels } from './labels.ts'
import { validateName } from './names.ts'
import { parseSignal } from './signals.ts'

/** The longest timer that Node can set is 2³¹−1 ms; in seconds. */
export const MAX_TIMEOUT = 2_147_483

/** The kernel's smallest CPU quota is 1 ms. */
const MIN_CPUS = 1000 / CPU_PERIOD

const NETWORKS: readonly unknown[] = [undefined, 'none', 'slirp4netns']

/** The kernel's longest host name, in bytes. */
const MAX_HOSTNAME = 64

/**
 * Makes sure of all options that can be judged without looking at the file system.
 *
 * @throws InvalidInputError
 */
export function validateOptions(options: CreateOptions): void {
  if (options.name !== undefined) validateName(options.name)
  if (options.labels !== undefined) validateLabels(options.labels)
  validateSource(options)
  validateCommand(options.command)
  validateEnv(options.env)
  validateSettings(options)
  validateLimits(options)
  if (!NETWORKS.includes(options.network)) {
    throw invalid('network', options.network, 'give none or slirp4netns')
  }
  if (options.stopSignal !== undefined) parseSignal(options.stopSignal)
  if (options.stopTimeout !== undefined) toMilliseconds('stop timeout', options.stopTimeout)
}

/**
 * Seconds, checked, as milliseconds.
 *
 * @throws InvalidInputError
 */
export function toMilliseconds(what: string, seconds: number): number {
  if (typeof seconds !== 'number' || !(seconds >= 0 && seconds <= MAX_TIMEOUT)) {
    throw invalid(what, seconds, `give seconds from 0 to ${MAX_TIMEOUT}`)
  }
  return Math.round(seconds * 1_000)
}

function validateSource({ bundle, rootfs, command }: CreateOptions): void {
  if ((bundle === undefined) === (rootfs === undefined)) {
    const given = bundle === undefined ? 'neither a bundle nor a root file system is given' : 'both are given'
    throw new InvalidInputError(`cannot tell what the container is made of: ${given}`, {
      hint: 'give a bundle, or a root file system and a command',
    })
  }
  for (const path of [bundle, rootfs]) {
    if (path !== undefined) validateText('path', path)
  }
  if (rootfs !== undefined && command === undefined) {
    throw new InvalidInputError('a root file system needs a command to run in it', {
      hint: 'give the program and its arguments, such as `sh -c "echo hi"`',
    })
  }
}

function validateCommand(command: string[] | undefined): void {
  if (command === undefined) return
  if (!Array.isArray(command) || command.length === 0 || command[0] === '') {
    throw invalid('command', command, 'give the program and its arguments, the program not empty')
  }
  for (const argument of command) validateString('argument', argument)
}

function validateEnv(env: string[] | undefined): void {
  if (env === undefined) return
  if (!Array.isArray(env)) throw invalid('environment', env, 'give a list of NAME=value')
  for (const entry of env) {
    validateString('environment variable', entry)
    if (entry.indexOf('=') < 1) throw invalid('environment variable', entry, 'give NAME=value')
  }
}

function validateSettings({ workdir, user, hostname, ...flags }: CreateOptions): void {
  if (workdir !== undefined) {
    validateText('working directory', workdir)
    if (!workdir.startsWith('/')) throw invalid('working directory', workdir, 'give an absolute path')
  }
  if (user !== undefined) validateText('user', user)
  if (hostname !== undefined) validateHostname(hostname)
  for (const name of ['readOnly', 'terminal', 'stdin', 'autoRemove'] as const) {
    const flag = flags[name]
    if (flag !== undefined && typeof flag !== 'boolean') throw invalid(name, flag, 'give true or false')
  }
}

function validateHostname(hostname: string): void {
  validateText('host name', hostname)
  if (hostname.length > MAX_HOSTNAME || !/^[a-zA-Z0-9][a-zA-Z0-9._-]*$/.test(hostname)) {
    throw invalid(
      'host name',
      hostname,
      `give at most ${MAX_HOSTNAME} letters, digits, '.', '-' and '_', the first a letter or a digit`,
    )
  }
}

function validateLimits({ memory, pidsLimit, cpus }: CreateOptions): void {
  if (memory !== undefined) validateCount('memory limit', memory, 'bytes')
  if (pidsLimit !== undefined) validateCount('limit of processes', pidsLimit, 'processes')
  if (cpus !== undefined && !(Number.isFinite(cpus) && cpus >= MIN_CPUS && cpus <= 1_000_000)) {
    throw invalid('share of CPUs', cpus, `give a number such as 1.5, at least ${MIN_CPUS}`)
  }
}

function validateCount(what: string, value: number, unit: string): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw invalid(what, value, `give a whole number of ${unit} above 0`)
  }
}

function validateText(what: string, value: string): void {
  validateString(what, value)
  if (value === '') throw invalid(what, value, 'it must not be empty')
}

/** argv, environment and paths end at a NUL byte in the kernel's eyes. */
function validateString(what: string, value: string): void {
  if (typeof value !== 'string') throw invalid(what, value, 'give a string')
  if (value.includes('\0')) throw invalid(what, value, 'it must not contain a NUL byte')
}

function invalid(what: string, value: unknown, hint: string): InvalidInputError {
  return new InvalidInputError(`invalid ${what} ${quote(value)}`, { hint })
}
