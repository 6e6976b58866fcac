/** Listeners by the name of what they listen to. */

type Listener<Value> = (value: Value) => void

export class Emitter<Values> {
  readonly #listeners = new Map<keyof Values, Set<Listener<never>>>()

  /** Returns the function that removes the listener. */
  on<Name extends keyof Values>(name: Name, listener: Listener<Values[Name]>): () => void {
    // The same function may be added twice, and is removed once for each time.
    const added = (value: Values[Name]) => listener(value)
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(added))
    return () => void listeners.delete(added)
  }

  emit<Name extends keyof Values>(name: Name, value: Values[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      callListener(() => (listener as Listener<Values[Name]>)(value))
    }
  }

  has(name: keyof Values): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0
  }
}

/** An error that a listener throws is reported as uncaught, and stops neither the other listeners nor the connection. */
export function callListener(call: () => void): void {
  try {
    call()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
