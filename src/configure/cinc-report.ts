/** One resource of a recipe, or a file that could not be read. */
export interface CincFailure {
  /** service[apache2]; absent when the recipe itself failed. */
  readonly resource?: string;
  readonly action?: string;
  /** recipes/default.rb:9 */
  readonly at?: string;
  readonly error: string;
}

/** What the report handler in the container said (cookbook/client/report.rb). */
export interface CincReport {
  /** `package[apache2] install`, in their order. */
  readonly updated: readonly string[];
  /** Resources that were looked at; absent when the run never ended. */
  readonly total?: number;
  readonly failure?: CincFailure;
  /** What Env.set gave to the site's store. */
  readonly variables: Readonly<Record<string, { readonly value: string; readonly sha256: string }>>;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** Lines that are none of ours are left out: recipes can write there too. */
export function readCincReport(lines: readonly string[]): CincReport {
  const updated: string[] = [];
  const variables: Record<string, { value: string; sha256: string }> = {};
  let total: number | undefined;
  let failure: CincFailure | undefined;
  for (const fields of lines.map(parse)) {
    const { kind } = fields;
    const [resource, action, at, key] = [fields.resource, fields.action, fields.at, fields.key].map(textOf);
    if (kind === 'updated' && resource !== undefined)
      updated.push(action === undefined ? resource : `${resource} ${action}`);
    if (kind === 'end' && typeof fields.total === 'number') total = fields.total;
    if (kind === 'set' && key !== undefined && typeof fields.value === 'string')
      variables[key] = { value: fields.value, sha256: textOf(fields.sha256) ?? '' };
    if (kind === 'failed') {
      failure ??= {
        error: textOf(fields.error) ?? 'it said nothing',
        ...(resource === undefined ? {} : { resource }),
        ...(action === undefined ? {} : { action }),
        ...(at === undefined ? {} : { at }),
      };
    }
  }
  return {
    updated,
    variables,
    ...(total === undefined ? {} : { total }),
    ...(failure === undefined ? {} : { failure }),
  };
}

function parse(line: string): Readonly<Record<string, unknown>> {
  try {
    const found: unknown = JSON.parse(line);
    return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Enough of a line; cut here, where secrets are hidden already. */
const LONGEST = 1200;

/** `service[apache2] could not start (recipes/default.rb:9): …`, the first line of what it said. */
export function tellFailure({ resource, action, at, error }: CincFailure): string {
  const place = at === undefined ? '' : ` (${at})`;
  const what =
    resource === undefined ? 'the recipe failed' : `${resource} failed${action === undefined ? '' : ` to ${action}`}`;
  const [first = ''] = error.split('\n').filter((line) => line.trim() !== '');
  return `${what}${place}: ${first.slice(0, LONGEST)}`;
}
