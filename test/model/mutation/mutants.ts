import { parseAst } from 'vitest/node'
import { type Node, nameOf, OPERATORS, type Place } from './operators.ts'

/** One change of one source file. */
export interface Mutant {
  /** Its name for good: the file, the place in the chart, and what was done to what. */
  name: string
  file: string
  start: number
  end: number
  text: string
}

/** What is no part of how a chart behaves, or would keep it from being a chart at all. */
const UNTOUCHED = new Set(['meta', 'types'])

/** Every change that the operators make of a chart's source. */
export function mutantsOf(file: string, source: string): Mutant[] {
  const mutants = new Map<string, Mutant>()
  const named = new Map<string, number>()
  visit(parseAst(source, { lang: 'ts' }) as unknown as Node, [], (place) => {
    for (const operator of OPERATORS) {
      for (const { at, what, text } of operator(place, source)) {
        const { start, end } = at
        // What is the same as it was is no change.
        if (source.slice(start, end) === text) continue
        const name = `${file} ${[...pathTo(place), what].join(' ')}`
        const key = `${start} ${end} ${text}`
        if (mutants.has(key)) continue
        const before = named.get(name) ?? 0
        named.set(name, before + 1)
        mutants.set(key, { name: before === 0 ? name : `${name} (${before + 1})`, file, start, end, text })
      }
    }
  })
  return [...mutants.values()]
}

function visit(node: Node, above: readonly Node[], each: (place: Place) => void): void {
  if (node.type.startsWith('TS') && node.type !== 'TSAsExpression') return
  if (node.type === 'Property' && UNTOUCHED.has(nameOf(node))) return
  each({ node, above })
  for (const part of Object.values(node)) {
    for (const child of Array.isArray(part) ? part : [part]) {
      if (isNode(child)) visit(child, [...above, node], each)
    }
  }
}

/** The properties, declarations and numbers in lists that a place is in: `states.created.on.remove`. */
function pathTo({ node, above }: Place): string[] {
  const path = [...above, node].flatMap((each, index, all) => {
    if (each.type === 'Property') return [nameOf(each)]
    if (each.type === 'VariableDeclarator') return (each.id as { name?: string }).name ?? []
    const list = all[index - 1]
    return list?.type === 'ArrayExpression' ? [String((list.elements as Node[]).indexOf(each) + 1)] : []
  })
  return path.length === 0 ? [] : [`${path.join('.')}:`]
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value
