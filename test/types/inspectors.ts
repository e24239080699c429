/** What `inspect` takes: whatever XState takes, though no type of the package names one of XState's. */
import { createInspector } from '@statelyai/inspect'
import type { InspectionEvent, Observer } from 'xstate'
import type { EngineOptions } from '../../src/index.ts'

const take = ({ inspect }: EngineOptions): typeof inspect => inspect

declare const observer: Observer<InspectionEvent>
take({ inspect: observer })
take({ inspect: createInspector({ send: () => {} }).inspect })
take({ inspect: (event: InspectionEvent) => event.actorRef.sessionId })
take({ inspect: (event) => event.type })
// @ts-expect-error what an event has beside its type is for those to say who know XState
take({ inspect: (event) => event.actorRef })
// @ts-expect-error an inspector is no name of one
take({ inspect: 'stately' })
