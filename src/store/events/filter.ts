import { quote } from '../../../effects/quote.ts'
import { InvalidInputError } from '../../errors.ts'
import { hasLabels } from '../../spec/labels.ts'
import type { EngineEvent, EventFilter } from '../../types.ts'

/** Whether an event is to be told. */
export type EventTest = (event: EngineEvent) => boolean

/** The labels of a container, also of one that is gone, as long as an event of its is on record. */
export type LabelsOf = (containerId: string) => Readonly<Record<string, string>>

/** From so many digits on, the start of an id is taken for the whole; `ps` shows as many. */
const SHORT_ID = 12

const PARTS: ReadonlySet<string> = new Set(['container', 'type', 'label'] satisfies (keyof EventFilter)[])

/**
 * The test that a filter describes.
 *
 * @throws InvalidInputError for what is no filter
 */
export function eventTest(filter: EventFilter, labelsOf: LabelsOf): EventTest {
  for (const [part, values] of Object.entries(filter)) assertPart(part, values)
  const types = listOf(filter.type)
  const [containers, labels] = [listOf(filter.container), listOf(filter.label)]
  return (event) => {
    if (types.length > 0 && !types.includes(event.type)) return false
    if (containers.length === 0 && labels.length === 0) return true
    const { containerId } = event
    if (containerId === null) return false
    if (containers.length > 0 && !containers.some((container) => isNamed(event, container))) return false
    return labels.length === 0 || hasLabels(labelsOf(containerId), labels)
  }
}

const listOf = (values: string | readonly string[] | undefined): readonly string[] =>
  values === undefined ? [] : [values].flat()

function isNamed({ containerId, name }: EngineEvent, container: string): boolean {
  if (container === containerId || container === name) return true
  return container.length >= SHORT_ID && containerId?.startsWith(container) === true
}

function assertPart(part: string, values: unknown): void {
  if (!PARTS.has(part)) {
    throw new InvalidInputError(`events cannot be filtered by ${quote(part)}`, {
      hint: `filter by ${[...PARTS].join(', ')}`,
    })
  }
  const isText = [values ?? []].flat().every((value) => typeof value === 'string' && value !== '')
  if (isText) return
  throw new InvalidInputError(`invalid ${part} ${quote(values)} to filter events by`, {
    hint: 'give a text that is not empty, or a list of some',
  })
}
