import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { execProcessSpec } from '../../../../effects/exec/process-spec.ts'
import { InvalidInputError } from '../../../../src/errors.ts'
import { loadBundle, parseConfig } from '../../../../src/spec/bundle.ts'
import { applyOverrides } from '../../../../src/spec/overrides.ts'
import type { Spec } from '../../../../src/spec/types.ts'
import { temporaryDirectory } from '../../../fixtures/temporary.ts'
import { hostileText, mutated } from '../mutations.ts'
import { claim, holdsForAll, isPresentable, outcomeOf } from '../property.ts'

const PATH = '/srv/web/config.json'

/** A value that is what it should be, or, once in a while, anything else that JSON has. */
const other = fc.constantFrom<unknown>(
  null,
  true,
  0,
  -1,
  1e300,
  '',
  'x',
  '\0',
  [],
  [null],
  [[]],
  {},
  { x: 1 },
)
const oneOf = <T>(right: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 30, arbitrary: right as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: other })
const texts = fc.array(oneOf(hostileText), { maxLength: 2 })

const config = fc.record(
  {
    ociVersion: oneOf(fc.constant('1.0.2')),
    process: oneOf(
      fc.record(
        {
          args: oneOf(
            fc.array(fc.constantFrom('sh', '-c', '--help', 'é', ''), { minLength: 1, maxLength: 2 }),
          ),
          cwd: oneOf(fc.constantFrom('/', '/tmp')),
          env: oneOf(texts),
          user: oneOf(fc.record({ uid: oneOf(fc.nat()), gid: fc.nat() })),
          terminal: oneOf(fc.boolean()),
          noNewPrivileges: oneOf(fc.boolean()),
          selinuxLabel: oneOf(fc.constant('')),
          capabilities: oneOf(
            fc.record({ bounding: oneOf(texts), effective: oneOf(texts) }, { requiredKeys: [] }),
          ),
        },
        { requiredKeys: ['args', 'cwd'] },
      ),
    ),
    root: oneOf(fc.record({ path: oneOf(fc.constantFrom('rootfs', '/', '../x')) })),
    hostname: oneOf(hostileText),
    mounts: oneOf(
      fc.array(oneOf(fc.record({ destination: oneOf(fc.constant('/a')), options: oneOf(texts) })), {
        maxLength: 2,
      }),
    ),
    linux: oneOf(
      fc.record(
        {
          cgroupsPath: oneOf(hostileText),
          namespaces: oneOf(
            fc.array(oneOf(fc.record({ type: oneOf(fc.constantFrom('pid', 'network')) })), { maxLength: 2 }),
          ),
          resources: oneOf(fc.record({ memory: other, cpu: other, pids: other }, { requiredKeys: [] })),
        },
        { requiredKeys: [] },
      ),
    ),
    annotations: fc.dictionary(hostileText, hostileText, { maxKeys: 2, noNullPrototype: true }),
  },
  { requiredKeys: ['ociVersion', 'process', 'root'] },
)

/** With members that JavaScript has a meaning of its own for, which JSON alone can say. */
const withNames = fc
  .tuple(
    config.map((value) => JSON.stringify(value)),
    fc.constantFrom(
      '',
      '',
      '"__proto__": {"polluted": true, "process": 5},',
      '"constructor": {"prototype": {"polluted": true}},',
      '"toString": 1,',
      '"__proto__": null,',
    ),
  )
  .map(([text, member]) => text.replace('{', `{${member}`))

const everything = {
  ...{ command: ['--help'], env: ['A=b'], workdir: '/tmp', terminal: true, hostname: 'web', readOnly: true },
  ...{ memory: 1, cpus: 1, pidsLimit: 1, network: 'none' as const },
}
const exec = {
  ...{
    runtimePath: '/r',
    runtimeRoot: '/',
    containerId: 'web',
    sessionId: 's',
    sessionDir: '/s',
    command: ['true'],
  },
  ...{
    env: ['A=b'],
    capabilities: ['CAP_KILL'],
    user: { uid: 1, gid: 1 },
    tty: true,
    noNewPrivileges: false,
    preserveFds: [],
  },
}

/** All that the engine does with a spec later on; a spec that is taken must not make any of it throw. */
function useAsTheEngineDoes(spec: Spec): void {
  const changed = applyOverrides(spec, everything, { uid: 1, gid: 1 })
  claim(
    changed.process.args[0] === '--help' && changed.linux?.resources?.pids?.limit === 1,
    'options are applied',
  )
  claim(changed.linux?.namespaces?.some(({ type }) => type === 'network') === true, 'the network is its own')
  execProcessSpec(spec.process, exec)
}

/** Whether nothing of it is lost on the way from the file to the copy that the runtime reads. */
function isKept(text: string, spec: Spec): boolean {
  const copy = JSON.stringify(applyOverrides(spec, {}))
  return copy === JSON.stringify(JSON.parse(text))
}

describe('a config.json', () => {
  test('is taken as it is, and can be worked with, or is refused with what is wrong', () => {
    holdsForAll({
      input: 'hostile config.json',
      held: 'a spec that nothing later stumbles over, or EINPUT; no member lost',
      cases: fc.oneof(withNames, mutated(withNames)),
      check(text) {
        const spec = outcomeOf(() => parseConfig(text, PATH))
        if (spec instanceof Error) {
          claim(spec instanceof InvalidInputError && (spec.hint ?? '') !== '', 'it is refused as input')
          claim(spec.message.includes(PATH) && isPresentable(spec.message), 'which is said in plain text')
          return 'refused'
        }
        claim(Array.isArray(spec.process.args) && spec.process.args.length > 0, 'it has a command')
        claim(
          spec.process.args.every((arg) => typeof arg === 'string' && !arg.includes('\0')),
          'of plain words',
        )
        claim(spec.process.cwd.startsWith('/') && spec.root.path !== '', 'a directory and a root')
        claim(isKept(text.replace(/^\uFEFF/, ''), spec), 'all of it is kept')
        useAsTheEngineDoes(spec)
        return 'taken'
      },
    })
    expect(Object.keys(Object.prototype)).toEqual([])
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  test.each([
    ['lists', (depth: number) => '['.repeat(depth) + ']'.repeat(depth)],
    ['objects', (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`],
  ])('of %s one in the other without end is refused', (_, nested) => {
    const text = (depth: number): string =>
      `{"ociVersion": "1.0.2", "process": {"args": ["true"], "cwd": "/"}, "root": {"path": "/"}, "x": ${nested(depth)}}`
    expect(() => parseConfig(text(100_000), PATH)).toThrow(InvalidInputError)
    useAsTheEngineDoes(parseConfig(text(200), PATH))
  })

  test('with bytes that are no text is refused, whatever they are', async () => {
    const directory = await temporaryDirectory()
    onTestFinished(() => directory[Symbol.asyncDispose]())
    const junk = fc.uint8Array({ minLength: 1, maxLength: 200 })
    await fc.assert(
      fc.asyncProperty(junk, async (bytes) => {
        writeFileSync(join(directory.path, 'config.json'), bytes)
        await expect(loadBundle(directory.path)).rejects.toThrow(InvalidInputError)
      }),
      { numRuns: 300 },
    )
  })
})
