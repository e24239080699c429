/** What a generated spec holds before any option is applied: podman's defaults, less seccomp and rlimits. */

import type { SpecCapabilities, SpecMount } from './types.ts'

/** The period that a share of CPUs is counted in, in microseconds: the kernel's own default. */
export const CPU_PERIOD = 100_000

/** The search path in a container whose spec is generated. */
export const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The kind of terminal that a container with one is told of; nearly every terminal understands it. */
export const DEFAULT_TERM = 'TERM=xterm'

const CAPABILITIES = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_NET_BIND_SERVICE',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
]

/** Kernel state that a container has no use for, or could learn the host's secrets from. */
export const MASKED_PATHS = [
  '/proc/acpi',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/dev/block',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
  '/sys/fs/selinux',
]

/** Kernel settings that a container may read but not change. */
export const READONLY_PATHS = [
  '/proc/asound',
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
]

/**
 * root gets the whole default set; another user may still gain it through a set-uid program (bounding), but
 * starts with nothing.
 */
export function defaultCapabilities(uid: number): SpecCapabilities {
  const held = uid === 0 ? CAPABILITIES : []
  return { bounding: [...CAPABILITIES], effective: [...held], permitted: [...held] }
}

/**
 * The pseudo file systems. In a user namespace the group of ttys (5) is not mapped, and sysfs can only be
 * had by binding the host's.
 */
export function defaultMounts(userNamespace: boolean): SpecMount[] {
  const terminals = ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620']
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: userNamespace ? terminals : [...terminals, 'gid=5'],
    },
    {
      destination: '/dev/shm',
      type: 'tmpfs',
      source: 'shm',
      options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'],
    },
    {
      destination: '/dev/mqueue',
      type: 'mqueue',
      source: 'mqueue',
      options: ['nosuid', 'noexec', 'nodev'],
    },
    systemMount(userNamespace),
    {
      destination: '/sys/fs/cgroup',
      type: 'cgroup',
      source: 'cgroup',
      options: ['nosuid', 'noexec', 'nodev', 'relatime', 'ro'],
    },
  ]
}

function systemMount(userNamespace: boolean): SpecMount {
  const options = ['nosuid', 'noexec', 'nodev', 'ro']
  return userNamespace
    ? { destination: '/sys', type: 'none', source: '/sys', options: ['rbind', ...options] }
    : { destination: '/sys', type: 'sysfs', source: 'sysfs', options }
}
