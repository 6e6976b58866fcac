/** What differs between two visitors' observations, call by call. */
import type { Intended } from './intended.ts'
import type { Observation } from './visitor.ts'

export interface Difference {
  /** Scenario, what it was about, and the method. */
  label: string
  /** Each place that differs, as `where: the reference → here`. */
  parts: string[]
}

/** Compares the observations with the same label; one that only one side has differs, too. */
export function differencesOf(
  reference: readonly Observation[],
  ours: readonly Observation[],
): Difference[] {
  const theirs = new Map(reference.map(({ label, form }) => [label, form]))
  const here = new Map(ours.map(({ label, form }) => [label, form]))
  const labels = [...new Set([...theirs.keys(), ...here.keys()])]
  return labels
    .map((label) => {
      const sides = [theirs, here].map((side) => side.has(label))
      if (!sides.every(Boolean)) return { label, parts: [`seen: ${sides[0]} → ${sides[1]}`] }
      return { label, parts: [...partsOf('', theirs.get(label), here.get(label))] }
    })
    .filter(({ parts }) => parts.length > 0)
}

/** The differences that no entry covers, with the entries that covered something. */
export function unexplained(
  differences: readonly Difference[],
  intended: readonly Intended[],
): { left: Difference[]; used: Set<Intended> } {
  const used = new Set<Intended>()
  const covers = (entry: Intended, label: string, part: string) =>
    entry.seen?.some(([call, parts]) => call.test(label) && (parts ?? /^/).test(part)) ?? false
  const left = differences
    .map(({ label, parts }) => {
      const open = parts.filter((part) => {
        const entries = intended.filter((entry) => covers(entry, label, part))
        for (const entry of entries) used.add(entry)
        return entries.length === 0
      })
      return { label, parts: open }
    })
    .filter(({ parts }) => parts.length > 0)
  return { left, used }
}

function* partsOf(where: string, theirs: unknown, ours: unknown): Generator<string> {
  if (isObject(theirs) && isObject(ours) && Array.isArray(theirs) === Array.isArray(ours)) {
    for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
      yield* partsOf(where === '' ? key : `${where}.${key}`, theirs[key], ours[key])
    }
  } else if (theirs !== ours) {
    yield `${where.replace(/^body\.(?=error$|message$)/, '')}: ${short(theirs)} → ${short(ours)}`
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object'
}

function short(value: unknown): string {
  const text = value === undefined ? '–' : JSON.stringify(value)
  return text.length > 160 ? `${text.slice(0, 160)}…` : text
}
