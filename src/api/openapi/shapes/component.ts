import type { Static, TSchema } from 'typebox'

/** What is left of a type on its way through JSON: what is undefined is not there. */
type AsJson<T> = T extends readonly (infer Item)[]
  ? AsJson<Item>[]
  : T extends object
    ? Present<T> & Absent<T> extends infer Both
      ? { [Key in keyof Both]: Both[Key] }
      : never
    : T

type Present<T> = { -readonly [Key in keyof T as undefined extends T[Key] ? never : Key]: AsJson<T[Key]> }

type Absent<T> = {
  -readonly [Key in keyof T as undefined extends T[Key] ? Key : never]?: AsJson<Exclude<T[Key], undefined>>
}

/** Identical, not only assignable: what is optional must be there too. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? unknown : Differs<A, B>

/** Nothing is one: the compiler shows both where a schema is not its interface. */
interface Differs<Schema, Interface> {
  readonly theSchemaIsNotTheInterface: [Schema, Interface]
}

/**
 * Names a schema as a component of the document, which other schemas may hold. It does not compile where the schema is
 * not the interface, as JSON.
 */
export function component<Interface>() {
  return <Schema extends TSchema>(
    name: string,
    schema: Schema & Same<AsJson<Static<Schema>>, AsJson<Interface>>,
  ): Schema => ({ ...schema, $id: name })
}
