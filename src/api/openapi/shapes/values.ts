/** Pieces of the shapes that the owner's API answers with. */
import Type, { type TSchema } from 'typebox'

/** That, or null. */
export const Nullable = <Schema extends TSchema>(schema: Schema, description?: string) =>
  Type.Union([schema, Type.Null()], description === undefined ? {} : { description })

export const Text = Type.String()
export const Whole = Type.Integer()
export const Flag = Type.Boolean()
export const Texts = Type.Array(Type.String())
export const Time = Type.String({ format: 'date-time' })
