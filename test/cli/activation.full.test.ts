import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir, symlink } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { descriptorOf } from '../../effects/ports/descriptor.ts'
import { script } from '../fixtures/programs.ts'
import { makeBundle } from '../fixtures/rootfs.ts'
import { type CliPlace, cliPlace, MAIN, runchart } from './place.ts'

/** A service manager that waits for one message, and one that sends it: on the socket that each is told of. */
const MANAGER = `
use Socket;
socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die $!;
bind($socket, sockaddr_un($ENV{NOTIFY_SOCKET})) or die $!;
$| = 1;
print "bound\n";
recv($socket, my $message, 4096, 0) // die $!;
print $message;`
const SERVICE = `
use Socket;
socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die $!;
send($socket, 'READY=1', 0, sockaddr_un($ENV{NOTIFY_SOCKET})) or die $!;
sleep 1;`

/** Answers each connection to the first handed-over socket with what it was told, and ends after the second. */
const SERVER = `
open(my $listener, '+<&=', 3) or die "no descriptor 3: $!";
for (1 .. 2) {
  accept(my $client, $listener) or die "cannot accept: $!";
  print $client "$ENV{LISTEN_FDS} descriptor for process $ENV{LISTEN_PID}, who is $$\\n";
  close $client;
}`

test.for([
  ['', []],
  [', also where a port is reserved', ['--reserve-port', '127.0.0.2:0']],
] as const)('a container answers on the socket that the engine was handed%s', async ([, flags]) => {
  await using place = await cliPlace()
  const { server, port, fd } = await listening()
  const reserved = flags.map((flag) => flag.replace(/0$/, String(port)))
  // As systemd does it: the number is that of the program which takes the descriptors over.
  const activate = script(place.path, 'activate', 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"')
  const run = ['--embedded', 'run', '--rm', ...reserved, '--bundle', await perlBundle(place, SERVER)]
  const verb = spawn(activate, [process.execPath, MAIN, ...place.globals, ...run], {
    stdio: ['ignore', 'ignore', 'inherit', fd],
  })
  const ended = once(verb, 'exit')
  // The service manager itself goes, and its socket lives on: the first question waits for the container.
  server.close()
  expect(await ask(port)).toBe('1 descriptor for process 1, who is 1\n')
  expect(await ask(port)).toBe('1 descriptor for process 1, who is 1\n')
  expect(await ended).toEqual([0, null])
})

test('a container that is ready tells the service manager of the engine', async () => {
  await using place = await cliPlace()
  const env = { NOTIFY_SOCKET: join(place.path, 'notify') }
  const manager = execa('/usr/bin/perl', ['-e', MANAGER], { env, extendEnv: false })
  await once(manager.stdout, 'data')
  const run = ['--embedded', 'run', '--rm', '--bundle', await perlBundle(place, SERVICE)]
  expect(await runchart([...place.globals, ...run], env)).toMatchObject({ exitCode: 0, stderr: '' })
  expect((await manager).stdout).toContain('READY=1')
})

test.for([
  ['through an owner', []],
  ['with an owner of its own', ['--embedded']],
] as const)('%s, descriptors from 3 are those of the container', async ([, globals]) => {
  await using place = await cliPlace()
  const [from, to] = [join(place.path, 'from'), join(place.path, 'to')]
  writeFileSync(from, 'read me\n')
  const fds = [openSync(from, 'r'), openSync(to, 'w')]
  const run = ['run', '--rm', '--preserve-fds', '2', '--rootfs', place.rootfs]
  const command = 'cat <&3; echo written >&4; exit 7'
  const argv = [MAIN, ...place.globals, ...globals, ...run, 'sh', '-c', command]
  const verb = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit', ...fds] })
  const [stdout, [exitCode]] = await Promise.all([text(verb.stdout as Readable), once(verb, 'exit')])
  for (const fd of fds) closeSync(fd)
  expect({ stdout, exitCode }).toEqual({ stdout: 'read me\n', exitCode: 7 })
  expect(readFileSync(to, 'utf8')).toBe('written\n')
})

test('one that is not open is refused by its number, and nothing is made', async () => {
  await using place = await cliPlace()
  const { exitCode, stderr } = await place.sh('true', '--preserve-fds', '1')
  expect(exitCode).toBe(125)
  expect(stderr).toMatch(/^runchart: descriptor 3 of process \d+ cannot be handed over: .+\nhint: .+\n$/)
  expect((await place.cli('ps', '-aq')).stdout).toBe('')
})

test('beside sockets of a service manager it is refused, and nothing is made', async () => {
  await using place = await cliPlace()
  const fd = openSync(join(place.path, 'socket'), 'a+')
  const activate = script(place.path, 'activate', 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"')
  const run = ['--embedded', 'run', '--preserve-fds', '1', '--rootfs', place.rootfs, 'true']
  const verb = spawn(activate, [process.execPath, MAIN, ...place.globals, ...run], {
    stdio: ['ignore', 'ignore', 'pipe', fd],
  })
  const [stderr, [exitCode]] = await Promise.all([text(verb.stderr as Readable), once(verb, 'exit')])
  closeSync(fd)
  expect(exitCode).toBe(125)
  expect(stderr).toMatch(/^runchart: .*beside sockets of a service manager\nhint: .*LISTEN_FDS.*\n$/)
  expect((await place.cli('ps', '-aq')).stdout).toBe('')
})

async function listening(): Promise<{ server: Server; port: number; fd: number }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port, address } = server.address() as AddressInfo
  const fd = descriptorOf({ protocol: 'tcp', address, port })
  if (fd === undefined) throw new Error('the socket has no descriptor')
  return { server, port, fd }
}

async function ask(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8')
  let text = ''
  for await (const chunk of socket) text += chunk
  return text
}

/** A bundle with this machine's perl, which every Debian has. */
async function perlBundle({ path }: CliPlace, program: string): Promise<string> {
  const bundle = await makeBundle(join(path, 'bundle'), { args: ['/usr/bin/perl', '-e', program] })
  const rootfs = join(bundle, 'rootfs')
  await mkdir(join(rootfs, 'usr'))
  for (const name of ['lib', 'lib64']) await symlink(`usr/${name}`, join(rootfs, name))
  const config = join(bundle, 'config.json')
  const spec = JSON.parse(readFileSync(config, 'utf8'))
  spec.mounts.push({ destination: '/usr', type: 'bind', source: '/usr', options: ['rbind', 'ro'] })
  writeFileSync(config, JSON.stringify(spec))
  return bundle
}
