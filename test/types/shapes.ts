/** What does not compile: schemas of replies that are not what the interface says. */
import Type from 'typebox'
import { component } from '../../src/api/openapi/shapes/component.ts'
import type { ErrorRecord } from '../../src/index.ts'

const right = { code: Type.String(), message: Type.String(), hint: Type.Optional(Type.String()) }
const { hint: _, ...lacking } = right

component<ErrorRecord>()('Right', Type.Object(right))
// @ts-expect-error a property that need not be there is missing
component<ErrorRecord>()('Lacking', Type.Object(lacking))
// @ts-expect-error there is one too many
component<ErrorRecord>()('Extra', Type.Object({ ...right, stack: Type.String() }))
// @ts-expect-error it may be left out
component<ErrorRecord>()('Required', Type.Object({ ...right, hint: Type.String() }))
// @ts-expect-error it is no number
component<ErrorRecord>()('Number', Type.Object({ ...right, code: Type.Number() }))
// @ts-expect-error there is a third
component<'a' | 'b' | 'c'>()('Letter', Type.Enum(['a', 'b']))
