import { Link } from "@tanstack/react-router";
import { paths } from "../paths.ts";

export default function NotFoundPage() {
  return (
    <main className="flex flex-col items-start gap-3 p-8">
      <h1 className="text-display">There is no such page</h1>
      <p className="text-text-2">The address may be mistyped, or of another version of Pontage.</p>
      <Link to={paths.requests} className="control">
        Go to the requests
      </Link>
    </main>
  );
}
