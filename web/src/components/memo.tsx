// memo renders a component again only when one of its properties is another.
import { Component, type FunctionComponent } from 'preact';

export function memo<P extends object>(inner: FunctionComponent<P>): FunctionComponent<P> {
  class Memo extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      const before = this.props as Record<string, unknown>;
      return Object.entries(next).some(([key, value]) => before[key] !== value);
    }
    render() { return inner(this.props as P & { children?: never }, undefined); }
  }
  return Memo as unknown as FunctionComponent<P>;
}
