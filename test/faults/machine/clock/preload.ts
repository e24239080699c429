/** Loaded before a program: its `Date` is as many milliseconds ahead as the file in RUNCHART_TEST_CLOCK says. */
import { readFileSync } from 'node:fs'

const Right = Date
const now = (): number => Right.now() + Number(readFileSync(process.env.RUNCHART_TEST_CLOCK ?? '', 'utf8'))

globalThis.Date = new Proxy(Right, {
  construct: (target, args, self) => Reflect.construct(target, args.length === 0 ? [now()] : args, self),
  get: (target, name, self) => (name === 'now' ? now : Reflect.get(target, name, self)),
})
