/** A node of the syntax tree, as ESTree has it. */
export interface Node {
  type: string
  start: number
  end: number
  [part: string]: unknown
}

/** A node, and those that it is in, the outermost first. */
export interface Place {
  node: Node
  above: readonly Node[]
}

interface Change {
  at: { start: number; end: number }
  what: string
  text: string
}

type Operator = (place: Place, source: string) => Change[]

export const nameOf = ({ key }: Node): string => {
  const { name, value } = key as { name?: string; value?: string }
  return name ?? value ?? ''
}

const isProperty = (node: Node | undefined): node is Node => node?.type === 'Property'
const holderOf = (above: readonly Node[]): Node | undefined => above.findLast(isProperty)
const short = (text: string): string => text.replace(/\s+/g, ' ').slice(0, 70)

/** Without these there is no chart, or none of that name: nothing would be learnt of the tests. */
const NEEDED = new Set(['id', 'initial', 'states', 'src', 'guards', 'delays', 'actors'])
/** Whose entries have operators of their own. */
const PARTS = ['guards', 'delays', 'actions', 'actors']

/** A transition, a guard, an action, a tag, an effect, a timer, what is remembered, what an effect is told: gone. */
const dropProperty: Operator = ({ node, above }, source) => {
  if (!isProperty(node) || above.at(-1)?.type !== 'ObjectExpression' || NEEDED.has(nameOf(node))) return []
  const holder = holderOf(above)
  if (holder !== undefined && ['states', ...PARTS].includes(nameOf(holder)) && above.at(-2) === holder)
    return []
  if (holder === undefined && PARTS.includes(nameOf(node))) return []
  // What is undefined when it is there is so when it is not.
  if (source.slice((node.value as Node).start, node.end) === 'undefined') return []
  const comma = /^\s*,/.exec(source.slice(node.end))?.[0].length ?? 0
  const at = { start: node.start, end: node.end + comma }
  return [{ at, what: `without ${short(source.slice(node.start, node.end))}`, text: '' }]
}

/** One of several transitions, actions or tags: gone. */
const dropElement: Operator = ({ node, above }, source) => {
  if (node.type !== 'ArrayExpression' || holderOf(above) === undefined) return []
  const elements = node.elements as Node[]
  return elements.map((element, index) => {
    const comma = /^\s*,/.exec(source.slice(element.end))?.[0].length ?? 0
    const what = `without no. ${index + 1}, ${short(source.slice(element.start, element.end))}`
    return { at: { start: element.start, end: element.end + comma }, what, text: '' }
  })
}

/** A named guard that always says the same, a named action that does nothing, a delay that is none or too long. */
const otherPart: Operator = ({ node, above }) => {
  const holder = holderOf(above)
  if (!isProperty(node) || holder === undefined || above.at(-2) !== holder) return []
  const to = (text: string): Change => ({
    at: node.value as Node,
    what: `${nameOf(node)} is ${text}`,
    text,
  })
  if (nameOf(holder) === 'guards') return [to('() => true'), to('() => false')]
  if (nameOf(holder) === 'delays') return [to('() => 1'), to('() => 2_000_000')]
  const isSetup = above.some(
    ({ type, callee }) => type === 'CallExpression' && (callee as Node).name === 'setup',
  )
  return nameOf(holder) === 'actions' && isSetup ? [to('() => {}')] : []
}

/** A transition that leads elsewhere: to the state beside the one that is meant. */
const wrongState: Operator = ({ node, above }, source) => {
  const parent = above.at(-1)
  if (node.type !== 'Literal' || typeof node.value !== 'string' || !isProperty(parent)) return []
  const holder = holderOf(above.slice(0, -1))
  const isShort = holder !== undefined && ['on', 'after'].includes(nameOf(holder))
  if (parent.value !== node || (nameOf(parent) !== 'target' && !isShort)) return []
  const target = String(node.value)
  const others = candidates(target, above, source)
  const other = others[(others.indexOf(target) + 1) % others.length]
  if (other === undefined || other === target) return []
  return [{ at: node, what: `to ${other} instead of ${target}`, text: `'${other}'` }]
}

/** States that a target of that kind could name there. */
function candidates(target: string, above: readonly Node[], source: string): string[] {
  const [, machine] = /^#(\w+)\./.exec(target) ?? []
  const states = above.filter((node) => isProperty(node) && nameOf(node) === 'states')
  const [top] = states
  if (machine !== undefined || top === undefined) {
    const kind = machine === undefined ? /target: '([\w-]+)'/g : /target: '(#\w+\.[\w.-]+)'/g
    return [...new Set([...source.matchAll(kind)].map(([, each = '']) => each)), target]
  }
  if (target.startsWith('.')) return keysOf(above.findLast(hasStates)).map((key) => `.${key}`)
  const beside = states.at(-1)
  return [...keysOf(beside?.value as Node | undefined, true)]
}

const hasStates = (node: Node): boolean =>
  node.type === 'ObjectExpression' &&
  (node.properties as Node[]).some((each) => isProperty(each) && nameOf(each) === 'states')

function keysOf(object: Node | undefined, isStates = false): string[] {
  if (object === undefined) return []
  const properties = (object.properties as Node[]).filter(isProperty)
  if (isStates) return properties.map(nameOf)
  const states = properties.find((each) => nameOf(each) === 'states')
  return keysOf(states?.value as Node | undefined, true)
}

const OPPOSITES: Record<string, string> = {
  '===': '!==',
  '!==': '===',
  '>': '>=',
  '>=': '>',
  '<': '<=',
  '+': '-',
  '-': '+',
  '*': '/',
  '**': '*',
  '&&': '||',
  '||': '&&',
}

/** The compiler asks for these, and there is nothing else that they could be. */
const FOR_THE_COMPILER = /^'\w+' in event|^event\.type [!=]==/

/** A condition, a comparison or a sum that is another. */
const otherLogic: Operator = ({ node, above }, source) => {
  const text = (part: unknown): string => source.slice((part as Node).start, (part as Node).end)
  if (FOR_THE_COMPILER.test(text(node)) || above.some((each) => each.type === 'ImportDeclaration')) return []
  const to = (changed: string): Change => ({
    at: node,
    what: `${short(text(node))} is ${short(changed)}`,
    text: `(${changed})`,
  })
  if (node.type === 'BinaryExpression' || node.type === 'LogicalExpression') {
    if (node.operator === '??') return [to(text(node.left)), to(text(node.right))]
    const opposite = OPPOSITES[String(node.operator)]
    return opposite === undefined ? [] : [to(`(${text(node.left)}) ${opposite} (${text(node.right)})`)]
  }
  if (node.type === 'ConditionalExpression') return [to(text(node.consequent)), to(text(node.alternate))]
  if (node.type === 'IfStatement')
    return [{ at: node.test as Node, what: `never if ${short(text(node.test))}`, text: 'false' }]
  if (node.type !== 'Literal') return []
  if (typeof node.value === 'boolean') return [to(String(!node.value))]
  return typeof node.value === 'number' ? [to(String(node.value + 1))] : []
}

export const OPERATORS: readonly Operator[] = [dropProperty, dropElement, otherPart, wrongState, otherLogic]
