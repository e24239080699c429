import { describe, expect, it } from 'vitest'
import { type AnyStateMachine, createMachine } from 'xstate'
import { chartOf, statesOf } from '../../src/graph/chart.ts'
import { CHARTS } from '../../src/graph/charts.ts'
import { type Arrow, drawingOf, type Note } from '../../src/graph/drawing.ts'

const draw = (config: object) => drawingOf(chartOf(createMachine(config as never) as AnyStateMachine))

describe('a drawing', () => {
  it('leaves out what leads nowhere', () => {
    const { arrows } = draw({ initial: 'a', states: { a: { on: { stay: {}, go: 'b' } }, b: {} } })
    expect(arrows).toEqual([{ from: 'a', to: 'b', tone: 'event', labels: ['go'] }])
  })

  it('has one arrow from one state to another, and one more for what fails', () => {
    const { arrows } = draw({
      initial: 'a',
      states: {
        a: {
          invoke: { src: 'work', onDone: 'b', onError: 'b' },
          after: { patience: { guard: 'isLate', target: 'b' } },
          on: { go: 'b' },
        },
        b: {},
      },
    })
    expect(arrows).toEqual([
      { from: 'a', to: 'b', tone: 'event', labels: ['go', 'done', 'after patience [isLate]'] },
      { from: 'a', to: 'b', tone: 'failure', labels: ['failed'] },
    ])
  })

  it('tells in a note of three states or more that one event takes to the same place', () => {
    const { arrows, notes } = draw({
      initial: 'a',
      states: { a: { on: { end: 'z' } }, b: { on: { end: 'z' } }, c: { on: { end: 'z' } }, z: {} },
    })
    expect(notes).toEqual([{ id: 'note 1', inside: '', text: 'in a, b, c' }])
    expect(arrows).toEqual([{ from: 'note 1', to: 'z', tone: 'event', labels: ['end'] }])
  })

  it('keeps what a whole box does beside such a note', () => {
    const end = { on: { end: 'box.z' } }
    const { arrows } = draw({
      initial: 'a',
      states: { a: end, b: end, c: end, box: { initial: 'y', on: { end: '.z' }, states: { y: {}, z: {} } } },
    })
    expect(arrows.map(({ from, to }) => [from, to])).toEqual([
      ['note 2', 'box.z'],
      ['box.note 1', 'box.z'],
    ])
  })

  it('draws the way on when all goes well, from however many states', () => {
    const working = { invoke: { src: 'work', onDone: 'z' } }
    const { arrows } = draw({ initial: 'a', states: { a: working, b: working, c: working, z: {} } })
    expect(arrows.map(({ from }) => from)).toEqual(['a', 'b', 'c'])
  })

  it('tells in a note of six places or more that a state goes on to by itself', () => {
    const places = ['b', 'c', 'd', 'e', 'f', 'g']
    const { arrows, notes } = draw({
      initial: 'a',
      states: {
        a: { always: places.map((target) => ({ guard: `is-${target}`, target })) },
        ...Object.fromEntries(places.map((place) => [place, {}])),
      },
    })
    expect(notes.map(({ text }) => text.split('\n'))).toEqual([
      ['to b [is-b],', 'c [is-c],', 'd [is-d],', 'e [is-e],', 'f [is-f],', 'g [is-g]'],
    ])
    expect(arrows).toEqual([{ from: 'a', to: 'note 1', tone: 'flow', labels: [''] }])
  })

  it('lets what any state of a box does come out of a note in the box', () => {
    const { arrows, notes } = draw({
      initial: 'box',
      states: { box: { initial: 'a', on: { hurry: '.b' }, states: { a: {}, b: {} } } },
    })
    expect(notes).toEqual([{ id: 'box.note 1', inside: 'box', text: 'any state' }])
    expect(arrows).toEqual([{ from: 'box.note 1', to: 'box.b', tone: 'event', labels: ['hurry'] }])
  })
})

describe.each(Object.entries(CHARTS))('the drawing of the %s chart', (_, machine) => {
  const root = chartOf(machine)
  const { arrows, notes } = drawingOf(root)

  it('tells of every transition that leads somewhere', () => {
    for (const state of statesOf(root)) {
      for (const { target, guard = '' } of state.transitions) {
        if (target === undefined) continue
        const told = arrows.some(
          (arrow) =>
            tells(arrow.from, state.path, notes) &&
            tells(arrow.to, target, notes) &&
            says(arrow, guard, notes),
        )
        expect({ from: state.path, to: target, guard, told }).toMatchObject({ told: true })
      }
    }
  })
})

/** Whether the end of an arrow is that state, or a note on it. */
function tells(end: string, path: string, notes: Note[]): boolean {
  const note = notes.find(({ id }) => id === end)
  if (note === undefined) return end === path
  return note.text === 'any state' ? note.inside === path : note.text.split(/[ ,\n]+/).includes(path)
}

function says({ labels, to }: Arrow, guard: string, notes: Note[]): boolean {
  const note = notes.find(({ id }) => id === to)?.text ?? ''
  return [...labels, note].some((text) => text.includes(guard))
}
