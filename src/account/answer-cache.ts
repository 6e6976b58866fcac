/** A cache of JSON responses until the next commit; it cannot be stale, because the account is the only writer. */

export interface EncodedJson {
  json: string
}

const MAX_CHARACTERS = 4_000_000

export class AnswerCache {
  #answers = new Map<string, EncodedJson>()
  #characters = 0
  #version = 0

  async get(key: string, produce: () => Promise<string>): Promise<EncodedJson> {
    const cached = this.#answers.get(key)
    if (cached !== undefined) return cached
    const version = this.#version
    const answer = { json: await produce() }
    // A response that was read before a commit must not be cached after it.
    if (version === this.#version) this.#keep(key, answer)
    return answer
  }

  clear(): void {
    this.#version++
    this.#characters = 0
    this.#answers.clear()
  }

  #keep(key: string, answer: EncodedJson): void {
    if (this.#answers.has(key)) return
    this.#characters += answer.json.length
    this.#answers.set(key, answer)
    // Evict the oldest first: maps keep insertion order.
    for (const [oldest, { json }] of this.#answers) {
      if (this.#characters <= MAX_CHARACTERS) break
      this.#characters -= json.length
      this.#answers.delete(oldest)
    }
  }
}
