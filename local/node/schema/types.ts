/** One parameter's constraints, as in Proxmox VE's API description. */
export interface Property {
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object' | 'null';
  readonly format?: string | Readonly<Record<string, Property>>;
  readonly optional?: 0 | 1;
  /** null: published so for a list that the server does not have either */
  readonly enum?: readonly string[] | null;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly requires?: string;
  readonly default_key?: 1;
  readonly alias?: string;
  readonly items?: Property;
}

export type Properties = Readonly<Record<string, Property>>;

/** `perm`, `and`, `or`, `userid-param` … with what follows, as in the API description. */
export type Check = readonly [string, ...unknown[]];

export interface Permissions {
  readonly user?: 'all' | 'world';
  readonly check?: Check;
}

/** One call of the API: a line of the schema files. */
export interface CallSchema {
  readonly method: string;
  /** With `{placeholders}`. */
  readonly path: string;
  readonly permissions?: Permissions;
  readonly allowtoken?: 0 | 1;
  readonly proxyto?: string;
  readonly parameters: Properties;
  readonly additional?: 0 | 1;
}
