/** The types that our code has of a lexicon: its parameters, its bodies, its answers. */
import type { l } from '@atproto/lex'
import type { BodyStream } from '#src/gateway/http/body-stream.ts'

/** A method that is asked and answers once. */
export type Schema = l.Query | l.Procedure

export type Params<S extends Schema> = Given<l.InferMethodParams<S>>
/** Bodies that are bytes come as streams. */
export type Input<S extends Schema> = Given<l.InferMethodInputBody<S, BodyStream>>
export type Output<S extends Schema> = Plain<l.InferMethodOutputBody<S, Uint8Array>>

/** What may be absent is absent, never undefined; records are JSON still, and nobody has looked at them. */
type Given<T> = T extends string | BodyStream
  ? T
  : T extends readonly (infer Item)[]
    ? Given<Item>[]
    : T extends object
      ? {
          [Key in keyof T]: Key extends 'record' | 'value'
            ? unknown
            : Given<Exclude<T[Key], undefined>>
        }
      : T

/** Our answers hold plain text where a lexicon knows that it is a DID, a handle or a CID; free maps may hold anything. */
type Plain<T> = T extends string
  ? string
  : T extends Uint8Array
    ? T
    : T extends readonly (infer Item)[]
      ? Plain<Item>[]
      : T extends object
        ? string extends keyof T
          ? object
          : { [Key in keyof T]: Plain<T[Key]> }
        : T
