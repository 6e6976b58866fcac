/** The differences between the observations of both servers, call by call. */
import type { IntendedDifference } from './intended.ts'
import type { Observation } from './recording-client.ts'

export interface Difference {
  /** Scenario, label of the call, and method. */
  label: string
  /** Each place that differs, as `place: reference → Headwater`. */
  parts: string[]
}

/** Compares observations with the same label; one that only one side has is a difference. */
export function differencesOf(
  reference: readonly Observation[],
  ours: readonly Observation[],
): Difference[] {
  const theirs = new Map(reference.map(({ label, value }) => [label, value]))
  const here = new Map(ours.map(({ label, value }) => [label, value]))
  const labels = [...new Set([...theirs.keys(), ...here.keys()])]
  return labels
    .map((label) => {
      const sides = [theirs, here].map((side) => side.has(label))
      if (!sides.every(Boolean)) return { label, parts: [`seen: ${sides[0]} → ${sides[1]}`] }
      return { label, parts: [...partsOf('', theirs.get(label), here.get(label))] }
    })
    .filter(({ parts }) => parts.length > 0)
}

/** The differences that no entry covers, and the number of calls in which each entry matched. */
export function unexplained(
  differences: readonly Difference[],
  intended: readonly IntendedDifference[],
): { left: Difference[]; seen: Map<IntendedDifference, number> } {
  const seen = new Map<IntendedDifference, number>()
  const left = differences
    .map(({ label, parts }) => {
      const entries = new Set<IntendedDifference>()
      const open = parts.filter((part) => {
        const entry = intended.find((one) => covers(one, label, part))
        if (entry !== undefined) entries.add(entry)
        return entry === undefined
      })
      for (const entry of entries) seen.set(entry, (seen.get(entry) ?? 0) + 1)
      return { label, parts: open }
    })
    .filter(({ parts }) => parts.length > 0)
  return { left, seen }
}

function covers({ matches }: IntendedDifference, label: string, part: string): boolean {
  return matches?.some(([call, parts]) => call.test(label) && (parts ?? /^/).test(part)) ?? false
}

function* partsOf(path: string, theirs: unknown, ours: unknown): Generator<string> {
  if (isObject(theirs) && isObject(ours) && Array.isArray(theirs) === Array.isArray(ours)) {
    for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
      yield* partsOf(path === '' ? key : `${path}.${key}`, theirs[key], ours[key])
    }
  } else if (theirs !== ours) {
    yield `${path.replace(/^body\.(?=error$|message$)/, '')}: ${short(theirs)} → ${short(ours)}`
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object'
}

function short(value: unknown): string {
  const text = value === undefined ? '–' : JSON.stringify(value)
  return text.length > 240 ? `${text.slice(0, 240)}…` : text
}
