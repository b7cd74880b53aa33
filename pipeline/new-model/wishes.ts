import type { Size } from '../../models/domain/geometry';
import type { LayoutName } from '../../models/efficientvit/manifest-outputs';

/** What a person says of a graph; the rest is guessed, or asked for. */
export interface Wishes {
  readonly name: string;
  readonly labels?: readonly string[];
  readonly layout?: LayoutName;
  readonly pixelFormat?: 'i420' | 'rgb24' | 'rgb-float';
  readonly size?: Size;
  readonly license?: string;
  readonly score: number;
  readonly channelOrder: 'rgb' | 'bgr';
  /** Of `rgb-float`. */
  readonly scale: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
}

/** Asks for what no file tells; each rejects when nobody can be asked. */
export interface Questions {
  readonly isThere: boolean;
  size(): Promise<Size>;
  labels(count: number | undefined): Promise<readonly string[]>;
  layout(among: readonly LayoutName[]): Promise<LayoutName>;
  license(): Promise<string>;
}
